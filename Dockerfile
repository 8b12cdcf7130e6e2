# Airflow and the program in one image: Debian, Python 3.11, every package by its hash, WeasyPrint's libraries.
FROM python:3.11-slim-bookworm

RUN apt-get update \
 && apt-get install -y --no-install-recommends libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0 \
 && rm -rf /var/lib/apt/lists/* \
 && useradd --uid 50000 --create-home --home-dir /opt/airflow --shell /usr/sbin/nologin ledger \
 && install -d -o ledger -g ledger -m 0750 /data /tls /mail

WORKDIR /opt/transit-ledger
COPY requirements.txt ./
RUN pip install --no-cache-dir --require-hashes -r requirements.txt

COPY dags/ dags/
COPY etl/ etl/
COPY report_templates/ report_templates/
COPY tools/__init__.py tools/certificates.py tools/mailcatcher.py tools/scheduler.py tools/

ENV AIRFLOW_HOME=/opt/airflow \
    AIRFLOW__CORE__DAGS_FOLDER=/opt/transit-ledger/dags \
    AIRFLOW__CORE__LOAD_EXAMPLES=False \
    PYTHONPATH=/opt/transit-ledger \
    PYTHONUNBUFFERED=1 \
    TRANSIT_LEDGER_CONFIG=/etc/transit-ledger/config.toml

USER ledger
CMD ["airflow", "version"]
