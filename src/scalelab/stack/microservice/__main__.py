"""`python -m scalelab.stack.microservice`: the microservice as a process."""

from scalelab.contracts.service_settings import MicroserviceSettings
from scalelab.stack.microservice.app import create_app
from scalelab.stack.service_kit.serving import run_service

if __name__ == "__main__":
    run_service(MicroserviceSettings, create_app)
