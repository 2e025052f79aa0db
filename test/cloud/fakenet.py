"""Stands in for Neutron: answers every list with an empty one. Create servers with networks "none"."""
import json
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

ROOT = 'http://127.0.0.1:9696'
VERSION = {'id': 'v2.0', 'status': 'CURRENT', 'links': [{'rel': 'self', 'href': f'{ROOT}/v2.0/'}]}


class Handler(BaseHTTPRequestHandler):
    protocol_version = 'HTTP/1.1'

    def answer(self):
        name = self.path.split('?')[0].rstrip('/').split('/')[-1]
        body = {'versions': [VERSION]} if name in ('', 'v2.0') else {name.replace('-', '_'): []}
        data = json.dumps(body).encode()
        self.send_response(200)
        self.send_header('Content-Type', 'application/json')
        self.send_header('Content-Length', str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    do_GET = do_PUT = do_POST = do_DELETE = answer

    def log_message(self, *_):
        pass


ThreadingHTTPServer(('127.0.0.1', 9696), Handler).serve_forever()
