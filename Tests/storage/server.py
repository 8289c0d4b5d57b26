"""A small object store on loopback that speaks as much of Amazon's S3 as GDAL does, and brings trouble on request.

    python3 server.py PORT FOLDER

Objects are files in FOLDER/BUCKET. A PUT to /trouble with words in its body chooses what goes wrong from then on:

    none            nothing
    busy N          503 for every N-th request
    denied N        403 for every request that writes, after N of them
    cut N           the next N uploads lose their connection in the middle
    stall N         the N-th write from now on never gets an answer, and is not kept
    latency N       N milliseconds before each answer
"""
import http.server
import os
import sys
import threading
import time
import urllib.parse

port, folder = int(sys.argv[1]), sys.argv[2]
lock = threading.Lock()
state = {"requests": 0, "writes": 0, "busy": 0, "denied": None, "cut": 0, "stall": 0, "latency": 0}
uploads = {}


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def answer(self, status, body=b"", headers=None):
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        if "Content-Length" not in (headers or {}):
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def refuse(self, status, code):
        self.answer(status, ("<Error><Code>%s</Code><Message>%s</Message></Error>" % (code, code)).encode())

    def place(self):
        address = urllib.parse.urlsplit(self.path)
        query = urllib.parse.parse_qs(address.query, keep_blank_values=True)
        return os.path.join(folder, urllib.parse.unquote(address.path).lstrip("/")), query

    def body(self, limit=None):
        length = int(self.headers.get("Content-Length") or 0)
        if self.headers.get("Expect", "").lower() == "100-continue":
            pass
        return self.rfile.read(length if limit is None else min(limit, length))

    def meets_trouble(self, writes):
        """Answers, or hangs up, where trouble was asked for; true if so."""
        with lock:
            state["requests"] += 1
            number, latency = state["requests"], state["latency"]
            if writes:
                state["writes"] += 1
            cut = writes and state["cut"] > 0
            if cut:
                state["cut"] -= 1
            stall = writes and state["stall"] > 0
            if stall:
                state["stall"] -= 1
                stall = state["stall"] == 0
            busy = state["busy"] and number % state["busy"] == 0
            denied = writes and state["denied"] == 0
            if writes and state["denied"]:
                state["denied"] -= 1
        if latency:
            time.sleep(latency / 1000)
        if stall:
            self.body()
            time.sleep(3600)
        if cut:
            self.body(1000)
            self.connection.close()
            self.close_connection = True
            return True
        if busy:
            self.body()
            self.refuse(503, "SlowDown")
            return True
        if denied:
            self.body()
            self.refuse(403, "AccessDenied")
            return True
        return False

    def do_PUT(self):
        if self.path == "/trouble":
            words = self.body().decode().split()
            with lock:
                state.update({"busy": 0, "denied": None, "cut": 0, "stall": 0, "latency": 0})
                if words[0] != "none":
                    state[words[0]] = int(words[1])
            return self.answer(200)
        if self.meets_trouble(True):
            return None
        path, query = self.place()
        data = self.body()
        source = self.headers.get("x-amz-copy-source")
        if source:
            with open(os.path.join(folder, urllib.parse.unquote(source).lstrip("/")), "rb") as file:
                self.store(path, file.read())
            return self.answer(200, b"<CopyObjectResult/>")
        if "partNumber" in query:
            uploads[query["uploadId"][0]][int(query["partNumber"][0])] = data
        else:
            self.store(path, data)
        return self.answer(200, headers={"ETag": '"%d"' % len(data)})

    def store(self, path, data):
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path + ".new", "wb") as file:
            file.write(data)
        os.rename(path + ".new", path)

    def do_POST(self):
        if self.meets_trouble(True):
            return None
        path, query = self.place()
        self.body()
        if "uploads" in query:
            name = "upload-%d" % len(uploads)
            uploads[name] = {}
            return self.answer(
                200, ("<InitiateMultipartUploadResult><UploadId>%s</UploadId></InitiateMultipartUploadResult>" % name).encode())
        parts = uploads[query["uploadId"][0]]
        self.store(path, b"".join(parts[number] for number in sorted(parts)))
        return self.answer(200, b"<CompleteMultipartUploadResult/>")

    def do_DELETE(self):
        path, query = self.place()
        if "uploadId" not in query and os.path.isfile(path):
            os.remove(path)
        self.answer(204)

    def do_HEAD(self):
        self.do_GET()

    def do_GET(self):
        if self.meets_trouble(False):
            return None
        path, query = self.place()
        if os.path.isdir(path):
            return self.list(path, query)
        if not os.path.isfile(path):
            return self.refuse(404, "NoSuchKey")
        length = os.path.getsize(path)
        headers = {"Last-Modified": self.date_time_string(os.path.getmtime(path)), "Accept-Ranges": "bytes"}
        wanted = self.headers.get("Range")
        first, last = (wanted or "=0-").split("=")[1].split("-")
        first, last = int(first), min(int(last or length), length - 1)
        if first >= length and wanted is not None:
            return self.refuse(416, "InvalidRange")
        with open(path, "rb") as file:
            file.seek(first)
            data = b"" if self.command == "HEAD" else file.read(last + 1 - first)
        if wanted is not None:
            headers["Content-Range"] = "bytes %d-%d/%d" % (first, last, length)
        headers["Content-Length"] = str(last + 1 - first)
        return self.answer(200 if wanted is None else 206, data, headers)

    def list(self, bucket, query):
        prefix = query.get("prefix", [""])[0]
        names = sorted(
            os.path.relpath(os.path.join(above, name), bucket) for above, _, names in os.walk(bucket) for name in names)
        entries, folders = "", set()
        for name in names:
            if not name.startswith(prefix):
                continue
            if "delimiter" in query and "/" in name[len(prefix):]:
                folders.add(prefix + name[len(prefix):].split("/")[0] + "/")
                continue
            state = os.stat(os.path.join(bucket, name))
            written = time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime(state.st_mtime))
            entries += "<Contents><Key>%s</Key><Size>%d</Size><LastModified>%s</LastModified></Contents>" % (
                name, state.st_size, written)
        entries += "".join("<CommonPrefixes><Prefix>%s</Prefix></CommonPrefixes>" % each for each in sorted(folders))
        self.answer(
            200, ("<ListBucketResult><Prefix>%s</Prefix><IsTruncated>false</IsTruncated>%s</ListBucketResult>"
                  % (prefix, entries)).encode())


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64

    def handle_error(self, *_):
        """Somebody has hung up, as a killed program does."""


Server(("127.0.0.1", port), Handler).serve_forever()
