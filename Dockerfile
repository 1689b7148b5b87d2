# Serves the saved models of a folder over HTTP:
#   docker build -t textrnn .
#   docker run -p 8000:8000 -e TEXTRNN_API_KEY=KEY -v "$PWD/saved_dict:/models:ro" textrnn
FROM python:3.11-slim

ENV PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
WORKDIR /app

# torch first and from its own index: the one for CPUs alone is a tenth of the size.
COPY requirements.txt ./
RUN pip install --index-url https://download.pytorch.org/whl/cpu "$(grep '^torch==' requirements.txt)" \
    && pip install -r requirements.txt

COPY pyproject.toml README.md ./
COPY data data
COPY textrnn textrnn
RUN pip install ".[serve]" uvloop && useradd --system --no-create-home textrnn

USER textrnn
WORKDIR /models
VOLUME /models
EXPOSE 8000
HEALTHCHECK --interval=30s --timeout=5s --start-period=60s \
    CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8000/healthz', timeout=4)"]
ENTRYPOINT ["textrnn", "--serve", "--save-dir", "/models"]
CMD ["--host", "0.0.0.0", "--port", "8000"]
