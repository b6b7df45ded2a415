# The site for production. It needs SECRET_KEY and ALLOWED_HOSTS. What it stores goes to /data, unless
# DATABASE_URL and MEDIA_ROOT say otherwise. Run `python manage.py migrate` in it before it serves.

FROM python:3.13-slim AS packages
RUN python -m venv /venv
COPY requirements.txt .
RUN /venv/bin/pip install --no-cache-dir --require-hashes -r requirements.txt

FROM python:3.13-slim
RUN useradd --system --uid 1000 site && install --directory --owner site /data
COPY --from=packages /venv /venv
WORKDIR /site
COPY . .
ENV PATH=/venv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    DATABASE_URL=sqlite:////data/db.sqlite3 \
    MEDIA_ROOT=/data/media
# Collecting needs no secret, only a value of a secret's length; it is gone with the command.
RUN SECRET_KEY=only-here-so-that-the-settings-can-be-read-while-collecting \
    python manage.py collectstatic --no-input --verbosity 0
USER site
VOLUME /data
EXPOSE 8000
CMD ["gunicorn", "--bind", "0.0.0.0:8000"]
