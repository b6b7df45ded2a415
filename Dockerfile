# The site for production, at port 8000, as a user without rights and on a root that may be read-only:
#
#     docker run --read-only --tmpfs /tmp --volume site:/data --env SECRET_KEY=… --env ALLOWED_HOSTS=… …
#
# What it stores goes to /data, unless DATABASE_URL and MEDIA_ROOT say otherwise. `python manage.py migrate`
# is run in it before it serves. compose.yaml does all of this.

# Any image on Debian with Python 3.12 or newer and its venv module.
ARG BASE=python:3.13-slim

FROM $BASE AS packages
RUN python3 -m venv /pip && python3 -m venv --without-pip /venv
COPY requirements.txt .
# A registry of your own, with its password: docker build --secret id=pip,src=pip.conf. It stays out of the image.
RUN --mount=type=secret,id=pip,target=/etc/pip.conf \
    /pip/bin/pip --python /venv/bin/python install --no-cache-dir --require-hashes -r requirements.txt
# Languages that the site doesn't speak, and what only a debugger reads, are a third of it.
RUN apt-get update -qq && apt-get install -qq --yes --no-install-recommends binutils >/dev/null
RUN find /venv -name '_typst*.so' -exec strip {} + \
    && find /venv -name '_brotli*.so' -exec strip {} + \
    && find /venv -name '*.po' -delete \
    && find /venv -path '*/locale/*.mo' ! -path '*/sv/*' ! -path '*/en/*' -delete \
    && find /venv -path '*/locale-data/*' ! -name 'root*' ! -name 'sv*' ! -name 'en*' -delete

FROM $BASE
RUN useradd --uid 1000 --no-create-home --shell /usr/sbin/nologin site \
    && install --directory --owner site /data /backups
COPY --from=packages /venv /venv
WORKDIR /site
COPY . .
ENV PATH=/venv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    DATABASE_URL=sqlite:////data/db.sqlite3 \
    MEDIA_ROOT=/data/media
# Compiled here, as nothing can be written later. Collecting needs no secret, only a value of a secret's
# length; it is gone with the command.
RUN python -m compileall -q . \
    && SECRET_KEY=only-here-so-that-the-settings-can-be-read-while-collecting \
    python manage.py collectstatic --no-input --verbosity 0
USER 1000
VOLUME /data
EXPOSE 8000
HEALTHCHECK --start-period=10s --timeout=5s CMD \
    ["python", "-c", "import urllib.request as ask; ask.urlopen('http://127.0.0.1:8000/healthz', timeout=4)"]
# gunicorn is process 1, so that it is the one told to stop; it then answers what it has begun.
STOPSIGNAL SIGTERM
CMD ["python", "serve.py", "--bind", "0.0.0.0:8000"]
