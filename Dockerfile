# Two stages: the first installs the requirements and collects the static files; the second has only what
# production needs.
FROM python:3.13-slim AS build
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
RUN python -m venv /venv
ENV PATH=/venv/bin:$PATH
WORKDIR /shop
COPY requirements.txt ./
RUN pip install -r requirements.txt
COPY . .
# Collecting needs no database and no real secrets: development settings generate throwaway ones in DATA_DIR.
RUN DATA_DIR=/tmp/build python manage.py collectstatic --noinput --verbosity=0

FROM python:3.13-slim
ENV PATH=/venv/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 APP_ENV=production HOST=0.0.0.0 PORT=8000 \
    MEDIA_ROOT=/data/media
# /data holds uploaded pictures, and the secrets that deploy/with-secrets makes. A new named volume gets its owner.
RUN useradd --system --uid 10001 --home-dir /shop shop && install -d -o 10001 /data
COPY --from=build /venv /venv
COPY --from=build --chown=root:root /shop /shop
WORKDIR /shop
USER 10001
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=3s --start-period=60s \
  CMD ["python", "-c", "import urllib.request as u; u.urlopen('http://127.0.0.1:8000/health/live', timeout=2)"]
# Migrate and seed under a lock, so that several containers may start at the same time, then serve.
CMD ["sh", "-c", "python manage.py prepare && exec gunicorn ecommerce.wsgi:application"]
