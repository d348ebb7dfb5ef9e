"""serve.py PORT K: answer GET /?measures=5.1,3.5,1.4,0.2 with the species of such a flower."""

import os
import sys
from http.server import BaseHTTPRequestHandler, HTTPServer
from urllib.parse import parse_qs, urlsplit

from flowers import classify, read

port, k = int(sys.argv[1]), int(sys.argv[2])
known = read(os.path.join(os.path.dirname(__file__), "iris.csv"))


class Answers(BaseHTTPRequestHandler):
    def do_GET(self):
        asked = parse_qs(urlsplit(self.path).query).get("measures")
        text = classify(known, [float(value) for value in asked[0].split(",")], k) if asked else "ready"
        self.send_response(200)
        self.end_headers()
        self.wfile.write(text.encode())


print(f"answering on port {port}", flush=True)
HTTPServer(("127.0.0.1", port), Answers).serve_forever()
