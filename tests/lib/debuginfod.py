#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A debuginfod server that does what it is told to, and orders for corral-fetcher.

  debuginfod.py serve PORT-FILE FOLDER LOG [ADDRESS[:PORT] [CERTIFICATE]]
      Answers /buildid/ID/KIND as FOLDER/ID.KIND says: the file itself; or, where that file begins with the word
      "behave", what its second word says: slow, endless, huge (says so in its header), cut (less than its header says),
      empty, redirect URL, loop, status N. Whatever is asked for is a line in LOG.
  debuginfod.py listen ADDRESS:PORT LOG
      A canary: each connection is a line in LOG.
  debuginfod.py orders PROGRAM
      Has PROGRAM (corral-fetcher) fetch what lines of standard input say: NAME URL [private] [max=N] [timeout=SECONDS]. Prints
      for each the name, the outcome, how many bytes it counted, how many there are, and the reason.
"""
import array
import http.server
import os
import socket
import ssl
import struct
import subprocess
import sys
import tempfile
import time


def note(log, line):
    with open(log, "a", encoding="utf-8") as f:
        f.write(line + "\n")


class Handler(http.server.BaseHTTPRequestHandler):
    folder = log = None

    def do_GET(self):
        note(self.log, self.path)
        parts = self.path.strip("/").split("/")
        known = len(parts) == 3 and parts[0] == "buildid"
        path = os.path.join(self.folder, ".".join(parts[1:])) if known else ""
        try:
            with open(path, "rb") as f:
                content = f.read()
        except OSError:
            self.send_error(404)
            return
        if content.startswith(b"behave "):
            self.behave(content.decode().split())
        else:
            self.answer(200, content)

    def answer(self, status, content, headers=()):
        self.send_response(status)
        for name, value in headers or [("Content-Length", str(len(content)))]:
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)

    def behave(self, words):
        way = words[1]
        try:
            if way == "slow":
                self.answer(200, b"\x7fELF", [("Content-Length", "100000")])
                for _ in range(100):
                    self.wfile.write(b"x")
                    time.sleep(0.3)
            elif way == "endless":
                self.answer(200, b"", [("X", "y")])
                while True:
                    self.wfile.write(b"x" * 65536)
            elif way == "huge":
                self.answer(200, b"x", [("Content-Length", "9999999999")])
            elif way == "cut":
                self.answer(200, b"\x7fELF", [("Content-Length", "5000")])
            elif way == "empty":
                self.answer(200, b"")
            elif way == "loop":
                self.answer(302, b"", [("Location", self.path)])
            elif way == "redirect":
                self.answer(302, b"", [("Location", words[2])])
            else:
                self.send_error(int(words[2]))
        except OSError:
            pass
        self.close_connection = True

    def log_message(self, *_):
        pass


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_):
        pass


def serve(port_file, folder, log, address="127.0.0.1:0", certificate=None):
    Handler.folder, Handler.log = folder, log
    host, _, port = address.partition(":")
    server = Server((host, int(port or 0)), Handler)
    if certificate:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        server.socket = context.wrap_socket(server.socket, server_side=True)
    with open(port_file + ".new", "w", encoding="utf-8") as f:
        f.write(str(server.server_address[1]))
    os.rename(port_file + ".new", port_file)
    server.serve_forever()


def listen(address, log):
    host, _, port = address.rpartition(":")
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as s:
        s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        s.bind((host, int(port)))
        s.listen()
        note(log + ".ready", address)
        while True:
            connection, _ = s.accept()
            note(log, address)
            connection.close()


def order(peer, url, options):
    private, size, timeout = 0, 1 << 20, 5
    for option in options:
        if option == "private":
            private = 1
        elif option.startswith("max="):
            size = int(option[4:])
        elif option.startswith("timeout="):
            timeout = float(option[8:])
    with tempfile.TemporaryFile() as f:
        message = struct.pack("=IIqQ2048s", 1, private, int(timeout * 1e6), size, url.encode())
        peer.sendmsg([message], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [f.fileno()]))])
        _, outcome, count, reason = struct.unpack("=IIQ256s", peer.recv(4096))
        f.seek(0, 2)
        return (f"{('done', 'not_found', 'refused', 'failed')[outcome]} {count} {f.tell()} "
                f"{reason.split(bytes(1))[0].decode()}")


def orders(program):
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with subprocess.Popen([program], stdin=theirs) as process:
        theirs.close()
        for line in sys.stdin:
            name, url, *options = line.split()
            print(name, order(ours, url, options), flush=True)
        ours.close()
        process.wait()


if __name__ == "__main__":
    {"serve": serve, "listen": listen, "orders": orders}[sys.argv[1]](*sys.argv[2:])
