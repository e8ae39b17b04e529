"""`python -m scalelab.stack.database`: the database service as a process."""

from scalelab.contracts.service_settings import DatabaseSettings
from scalelab.stack.database.app import create_app
from scalelab.stack.service_kit.serving import run_service

if __name__ == "__main__":
    run_service(DatabaseSettings, create_app)
