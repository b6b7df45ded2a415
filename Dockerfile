# The site for production, at port 8000, as an unprivileged user. The root file system may be read-only:
#
#     docker run --read-only --tmpfs /tmp --volume site:/data --env SECRET_KEY=… --env ALLOWED_HOSTS=… …
#
# Data is stored in /data, unless DATABASE_URL and MEDIA_ROOT are set. Run `python manage.py migrate` in the
# image before the site is started. compose.yaml does all of this.

# Any Debian image with Python 3.12 or newer and its venv module.
ARG BASE=python:3.13-slim

FROM $BASE AS packages
RUN python3 -m venv /pip && python3 -m venv --without-pip /venv
COPY requirements.txt .
# For your own package registry and its password: docker build --secret id=pip,src=pip.conf. The secret is not
# stored in the image.
RUN --mount=type=secret,id=pip,target=/etc/pip.conf \
    /pip/bin/pip --python /venv/bin/python install --no-cache-dir --require-hashes -r requirements.txt
# Translations to other languages, and debug symbols, would be a third of the packages' size.
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
# Compile now, because the file system may be read-only later. collectstatic needs a SECRET_KEY of the right
# length, which is set for this command only.
RUN python -m compileall -q . \
    && SECRET_KEY=only-here-so-that-the-settings-can-be-read-while-collecting \
    python manage.py collectstatic --no-input --verbosity 0
USER 1000
VOLUME /data
EXPOSE 8000
HEALTHCHECK --start-period=10s --timeout=5s CMD \
    ["python", "-c", "import urllib.request as ask; ask.urlopen('http://127.0.0.1:8000/healthz', timeout=4)"]
# gunicorn is process 1, so it gets this signal, and then finishes its requests.
STOPSIGNAL SIGTERM
CMD ["python", "serve.py", "--bind", "0.0.0.0:8000"]
