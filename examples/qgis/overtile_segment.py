"""Overtile in QGIS's Processing toolbox: segments a raster layer of any size with a U-Net.

README.md beside this file says how to install it.
"""

import os
import queue
import re
import shlex
import shutil
import subprocess
import threading
import time

from qgis.core import (
    QgsCategorizedSymbolRenderer,
    QgsFillSymbol,
    QgsPalettedRasterRenderer,
    QgsProcessing,
    QgsProcessingAlgorithm,
    QgsProcessingException,
    QgsProcessingLayerPostProcessorInterface,
    QgsProcessingParameterBand,
    QgsProcessingParameterDefinition,
    QgsProcessingParameterEnum,
    QgsProcessingParameterFile,
    QgsProcessingParameterFileDestination,
    QgsProcessingParameterNumber,
    QgsProcessingParameterRasterDestination,
    QgsProcessingParameterRasterLayer,
    QgsProcessingParameterString,
    QgsProcessingParameterVectorDestination,
    QgsRasterLayer,
    QgsRendererCategory,
    QgsSettings,
)
from qgis.PyQt import sip


class OvertileSegment(QgsProcessingAlgorithm):
    SCENE = "SCENE"
    MODEL = "MODEL"
    BANDS = "BANDS"
    CLASSES = "CLASSES"
    RESOLUTION = "RESOLUTION"
    MIN_AREA = "MIN_AREA"
    SIEVE = "SIEVE"
    FORMAT = "FORMAT"
    OPTIONS = "OPTIONS"
    PROGRAM = "PROGRAM"
    MASK = "MASK"
    POLYGONS = "POLYGONS"
    CONFIDENCE = "CONFIDENCE"
    STATISTICS = "STATISTICS"
    REPORT = "REPORT"

    FORMATS = ["GTiff", "COG"]
    PROGRAM_SETTING = "overtile/program"

    def name(self):
        return "overtilesegment"

    def displayName(self):
        return "Segment a scene (Overtile)"

    def group(self):
        return "Overtile"

    def groupId(self):
        return "overtile"

    def tags(self):
        return ["u-net", "unet", "segmentation", "deep learning", "classification", "onnx", "pytorch", "mask"]

    def shortDescription(self):
        return "Runs a U-Net over a raster layer of any size and gives a mask of classes."

    def shortHelpString(self):
        return (
            "Runs a U-Net over a raster layer of any size, without seams, and gives a mask of classes with its legend."
            " Polygons with areas, confidences, areas per class and a report are made where a file is named for them."
            "\n\nBands, pixel size and classes are the model's own where it describes itself; what is given here wins."
            " Where nobody says anything, it is given all bands but alpha, in the scene's own resolution. Islands"
            " smaller than allowed take the class of their largest neighbour."
            "\n\nFurther options are those of the command line: <i>overtile help segment</i> explains them."
            "\n\nA run that was cancelled goes on where it stopped when it is started again with the same"
            " parameters and the same files, other than temporary ones."
        )

    def createInstance(self):
        return OvertileSegment()

    def initAlgorithm(self, configuration=None):
        self.addParameter(QgsProcessingParameterRasterLayer(self.SCENE, "Scene"))
        self.addParameter(
            QgsProcessingParameterFile(
                self.MODEL, "Model", fileFilter="Models (*.onnx *.pth *.pt *.ckpt *.safetensors);;All files (*)"
            )
        )
        self.addParameter(
            QgsProcessingParameterBand(
                self.BANDS,
                "Bands, in the model's order",
                parentLayerParameterName=self.SCENE,
                optional=True,
                allowMultiple=True,
            )
        )
        self.addParameter(
            QgsProcessingParameterString(self.CLASSES, "Names of the classes, such as land,water", optional=True)
        )
        self.addParameter(
            self.number(self.RESOLUTION, "Pixel size that the model is given (metres)")
        )
        self.addParameter(self.number(self.MIN_AREA, "Smallest polygon (square metres)"))

        self.add_advanced(
            QgsProcessingParameterNumber(
                self.SIEVE,
                "Smallest island in the mask (pixels)",
                QgsProcessingParameterNumber.Integer,
                optional=True,
                minValue=2,
            )
        )
        self.add_advanced(
            QgsProcessingParameterEnum(
                self.FORMAT, "Format of rasters", ["GeoTIFF", "Cloud-optimised GeoTIFF (COG)"], defaultValue=0
            )
        )
        self.add_advanced(
            QgsProcessingParameterString(
                self.OPTIONS, "Further options of overtile segment", optional=True
            )
        )
        self.add_advanced(
            QgsProcessingParameterString(self.PROGRAM, "Program", defaultValue=usual_program(), optional=True)
        )

        self.addParameter(QgsProcessingParameterRasterDestination(self.MASK, "Mask"))
        on_demand = {"optional": True, "createByDefault": False}
        self.addParameter(
            QgsProcessingParameterVectorDestination(
                self.POLYGONS, "Polygons", QgsProcessing.TypeVectorPolygon, **on_demand
            )
        )
        self.addParameter(
            QgsProcessingParameterRasterDestination(self.CONFIDENCE, "Confidence of each pixel's class", **on_demand)
        )
        self.addParameter(
            QgsProcessingParameterFileDestination(
                self.STATISTICS, "Areas per class", "JSON (*.json);;CSV (*.csv)", **on_demand
            )
        )
        self.addParameter(
            QgsProcessingParameterFileDestination(self.REPORT, "Report", "HTML (*.html)", **on_demand)
        )

    @staticmethod
    def number(name, text):
        return QgsProcessingParameterNumber(
            name, text, QgsProcessingParameterNumber.Double, optional=True, minValue=0
        )

    def add_advanced(self, parameter):
        parameter.setFlags(parameter.flags() | QgsProcessingParameterDefinition.FlagAdvanced)
        self.addParameter(parameter)

    def prepareAlgorithm(self, parameters, context, feedback):
        # Layers belong to the main thread, in which this runs.
        layer = self.parameterAsRasterLayer(parameters, self.SCENE, context)
        if layer is None:
            raise QgsProcessingException(self.invalidRasterError(parameters, self.SCENE))
        if layer.providerType() != "gdal":
            raise QgsProcessingException(
                f"{layer.name()} comes from a server ({layer.providerType()}): save it as a GeoTIFF, and take that"
            )
        # QGIS puts open options behind the name.
        self.scene = re.split(r"\|(?:option|credential):", layer.source())[0]
        return True

    def processAlgorithm(self, parameters, context, feedback):
        outputs = {}
        for name in [self.MASK, self.POLYGONS, self.CONFIDENCE]:
            outputs[name] = self.parameterAsOutputLayer(parameters, name, context)
        for name in [self.STATISTICS, self.REPORT]:
            outputs[name] = self.parameterAsFileOutput(parameters, name, context)
        outputs = {name: path for name, path in outputs.items() if path}
        for path in outputs.values():
            if re.match(r"(ogr|postgis|spatialite|mssql|oracle|hana):", path):
                raise QgsProcessingException(f"{path} is in a database: choose a file of its own")

        name = self.parameterAsString(parameters, self.PROGRAM, context).strip() or usual_program()
        program = find_program(name)
        command = [program, "segment", self.scene, "--progress", "lines", "--overwrite", "--style"]
        command += ["--model", self.parameterAsFile(parameters, self.MODEL, context), "--output", outputs[self.MASK]]
        for output, option in [
            (self.POLYGONS, "--polygons"),
            (self.CONFIDENCE, "--confidence"),
            (self.STATISTICS, "--stats"),
            (self.REPORT, "--report"),
        ]:
            if output in outputs:
                command += [option, outputs[output]]
        bands = self.parameterAsInts(parameters, self.BANDS, context)
        if bands:
            command += ["--bands", ",".join(map(str, bands))]
        classes = self.parameterAsString(parameters, self.CLASSES, context).strip()
        if classes:
            command += ["--classes", classes]
        # 0 is what an emptied field of a model in QGIS's designer gives.
        resolution = self.parameterAsDouble(parameters, self.RESOLUTION, context)
        if resolution > 0:
            command += ["--resolution", repr(resolution)]
        area = self.parameterAsDouble(parameters, self.MIN_AREA, context)
        if area > 0 and self.POLYGONS in outputs:
            command += ["--min-area", repr(area)]
        sieve = self.parameterAsInt(parameters, self.SIEVE, context)
        if sieve > 0:
            command += ["--sieve", str(sieve)]
        raster_format = self.FORMATS[self.parameterAsEnum(parameters, self.FORMAT, context)]
        if raster_format != "GTiff":
            command += ["--of", raster_format]
        command += shlex.split(self.parameterAsString(parameters, self.OPTIONS, context))

        run(command, feedback)
        QgsSettings().setValue(self.PROGRAM_SETTING, name)
        for output in [self.MASK, self.POLYGONS]:
            if output in outputs and context.willLoadLayerOnCompletion(outputs[output]):
                legend = Legend.kept_until_deleted(outputs[self.MASK])
                context.layerToLoadOnCompletionDetails(outputs[output]).setPostProcessor(legend)
        return outputs


class Legend(QgsProcessingLayerPostProcessorInterface):
    """Gives the mask, as it is loaded, the style that Overtile wrote beside it, and the polygons the mask's colours."""

    # The context of a run deletes its post-processors, each once, but does not hold their Python part.
    kept = []

    @classmethod
    def kept_until_deleted(cls, mask):
        cls.kept[:] = [legend for legend in cls.kept if not sip.isdeleted(legend)]
        cls.kept.append(cls(mask))
        return cls.kept[-1]

    def __init__(self, mask):
        super().__init__()
        self.mask = mask

    def postProcessLayer(self, layer, context, feedback):
        if isinstance(layer, QgsRasterLayer):
            layer.loadDefaultStyle()
        else:
            mask = QgsRasterLayer(self.mask, "mask")
            mask.loadDefaultStyle()
            renderer = mask.renderer()
            if not isinstance(renderer, QgsPalettedRasterRenderer):
                return
            layer.setRenderer(QgsCategorizedSymbolRenderer("class_id", [self.category(c) for c in renderer.classes()]))
        layer.triggerRepaint()
        layer.emitStyleChanged()

    @staticmethod
    def category(of_mask):
        symbol = QgsFillSymbol.createSimple({"outline_width": "0.1"})
        symbol.setColor(of_mask.color)
        return QgsRendererCategory(int(of_mask.value), symbol, of_mask.label)


def usual_program():
    """What OVERTILE says, else what the last run used, else `overtile` on the PATH."""
    return os.environ.get("OVERTILE") or QgsSettings().value(OvertileSegment.PROGRAM_SETTING) or "overtile"


def find_program(name):
    # A desktop's menu may start QGIS with a shorter PATH than a shell's.
    path = os.pathsep.join([os.environ.get("PATH", os.defpath), os.path.expanduser("~/.local/bin"), "/usr/local/bin"])
    program = shutil.which(os.path.expanduser(name), path=path)
    if program is None:
        raise QgsProcessingException(
            f"there is no program {name}: build Overtile, and give the program's path under Advanced Parameters"
        )
    return program


def run(command, feedback):
    """Runs Overtile, passes on what it says, and stops it when the user cancels.

    Raises QgsProcessingException with Overtile's own line where it fails or is stopped.
    """
    feedback.pushCommandInfo(shlex.join(command))
    process = subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        errors="replace",
    )
    # Lines come through a queue, so that a cancellation is seen while there are none.
    lines = queue.Queue()
    threading.Thread(target=pass_on, args=(process.stdout, lines), daemon=True).start()
    error = ""
    told_to_stop = None
    try:
        while True:
            # SIGINT may be ignored by whoever started QGIS. A second signal ends Overtile at once.
            if feedback.isCanceled() and (told_to_stop is None or time.monotonic() - told_to_stop > 10):
                process.terminate()
                told_to_stop = time.monotonic()
            try:
                line = lines.get(timeout=0.2)
            except queue.Empty:
                continue
            if line is None:
                break
            if progress := re.fullmatch(r"progress (\d+)", line):
                feedback.setProgress(int(progress[1]))
            elif line.startswith("overtile: error: "):
                error = line[len("overtile: error: ") :]
            elif line.startswith("overtile: warning: "):
                feedback.pushWarning(line[len("overtile: warning: ") :])
            else:
                feedback.pushConsoleInfo(line)
        status = process.wait()
        process.stdout.close()
    finally:
        # Where this script itself is interrupted, nothing may go on without it.
        if process.poll() is None:
            process.terminate()
    if status != 0:
        raise QgsProcessingException(error or f"overtile ended with status {status}")


def pass_on(stream, lines):
    for line in stream:
        lines.put(line.rstrip("\n"))
    lines.put(None)
