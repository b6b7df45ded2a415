"""The ASGI application, which gunicorn serves."""

from blekinge_site import wsgi
from blekinge_site.security import largest_body
from blekinge_site.serving.bridge import Bridge
from blekinge_site.serving.request_log import RequestLog

application = Bridge(
    wsgi.application, wsgi.page_cache, largest_body=largest_body, request_log=RequestLog()
)
