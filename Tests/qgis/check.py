"""What Tests/qgis/run.sh cannot see from outside: the layers as QGIS's window loads them, and cancelling.

    python3 Tests/qgis/check.py FOLDER MODEL

FOLDER has the scenes that run.sh made. The environment names Overtile, and the profile with the script.
"""

import pathlib
import sys

from qgis.core import (
    QgsApplication,
    QgsCategorizedSymbolRenderer,
    QgsPalettedRasterRenderer,
    QgsProcessingContext,
    QgsProcessingException,
    QgsProcessingFeedback,
    QgsProject,
    QgsRasterLayer,
    QgsVectorLayer,
)

CLASSES = {0: "land", 1: "water"}


def fail(message):
    sys.exit(f"qgis: {message}")


class Feedback(QgsProcessingFeedback):
    """Remembers progress, and cancels where it passes a percentage."""

    def __init__(self, cancel_from=None):
        super().__init__(False)
        self.percents = []
        self.cancel_from = cancel_from
        self.progressChanged.connect(self.notice)

    def notice(self, percent):
        self.percents.append(percent)
        if self.cancel_from is not None and percent >= self.cancel_from:
            self.cancel()


def check_layers(folder, parameters, processing):
    """A run as from the toolbox's window: its layers come into the project, with the legend."""
    feedback = Feedback()
    outputs = {name: str(folder / "out" / f"window-{name.lower()}") for name in ["MASK", "POLYGONS"]}
    outputs["MASK"] += ".tif"
    outputs["POLYGONS"] += ".gpkg"
    parameters = parameters | {"SCENE": str(folder / "scene-300.tif"), "OPTIONS": "--tile 108 --workers 1"} | outputs
    processing.runAndLoadResults("script:overtilesegment", parameters, feedback=feedback)
    in_order = sorted(set(feedback.percents))
    if feedback.percents != in_order or in_order[-1] != 100 or len(in_order) < 4:
        fail(f"progress came as {feedback.percents}")
    loaded = QgsProject.instance().mapLayers().values()
    layers = {pathlib.Path(layer.source().split("|")[0]).name: layer for layer in loaded}
    mask = layers["window-mask.tif"].renderer()
    if not isinstance(mask, QgsPalettedRasterRenderer) or {c.value: c.label for c in mask.classes()} != CLASSES:
        fail("the mask's layer does not show the classes")
    polygons = layers["window-polygons.gpkg"]
    found = {f["class_id"]: f["class_name"] for f in polygons.getFeatures()}
    if found != CLASSES:
        fail(f"the polygons are of {found}")
    renderer = polygons.renderer()
    if not isinstance(renderer, QgsCategorizedSymbolRenderer):
        fail("the polygons' layer does not show the classes")
    colors = {c.value(): c.symbol().color().name() for c in renderer.categories()}
    if colors != {c.value: c.color.name() for c in mask.classes()}:
        fail(f"the polygons' colours are {colors}, not the mask's")
    # Without the script: a GeoPackage has its style with it, and a mask beside it.
    # A renderer lives no longer than its layer.
    opened = QgsVectorLayer(outputs["POLYGONS"], "polygons", "ogr")
    alone = opened.renderer()
    if not isinstance(alone, QgsCategorizedSymbolRenderer) or alone.classAttribute() != "class_id":
        fail("a GeoPackage that is opened does not show the classes")
    # QGIS 3.22 takes the numbers of categories for text, and finds them by it.
    shown = {int(c.value()): (c.label(), c.symbol().color().name()) for c in alone.categories()}
    if shown != {c.value: (c.label, c.color.name()) for c in mask.classes()}:
        fail(f"a GeoPackage that is opened shows {shown}")
    raster = QgsRasterLayer(outputs["MASK"], "mask")
    beside = raster.renderer()
    if not isinstance(beside, QgsPalettedRasterRenderer) or {c.value: c.label for c in beside.classes()} != CLASSES:
        fail("a mask that is opened does not show the classes")
    print("qgis: layers come with the legend")


def check_cancelling(folder, parameters, algorithm):
    """Cancelled at 20 %: an error, no mask; and when started again, the rest."""
    mask = folder / "out" / "cancelled.tif"
    parameters = parameters | {
        "SCENE": str(folder / "scene-1500.tif"),
        "MASK": str(mask),
        "OPTIONS": "--tile 108 --workers 1",
    }

    def run(feedback):
        context = QgsProcessingContext()
        context.setFeedback(feedback)
        return algorithm.create().run(parameters, context, feedback, {}, False)

    feedback = Feedback(cancel_from=20)
    try:
        run(feedback)
        fail("a run that was cancelled ended as if it were done")
    except QgsProcessingException as error:
        if "stopped" not in str(error):
            fail(f"a run that was cancelled says: {error}")
    if feedback.percents[-1] == 100:
        fail("the run ended before it could be cancelled")
    left = sorted(path.name for path in mask.parent.glob("*cancelled*"))
    if any(not name.startswith(".") for name in left):
        fail(f"a run that was cancelled left {left}")
    feedback = Feedback()
    run(feedback)
    if not mask.exists() or feedback.percents[0] < 10 or feedback.percents[-1] != 100:
        fail(f"started again, progress came as {feedback.percents}")
    print("qgis: a run can be cancelled, and goes on where it stopped")


def main(folder, model):
    # Processing, a plug-in, lies beside QGIS's own data.
    application = QgsApplication([], True)
    application.initQgis()
    sys.path.append(str(pathlib.Path(application.pkgDataPath()) / "python" / "plugins"))
    import processing
    from processing.core.Processing import Processing

    Processing.initialize()
    parameters = {"MODEL": model, "CLASSES": ",".join(CLASSES.values())}
    check_layers(folder, parameters, processing)
    check_cancelling(folder, parameters, application.processingRegistry().algorithmById("script:overtilesegment"))
    application.exitQgis()


main(pathlib.Path(sys.argv[1]), sys.argv[2])
