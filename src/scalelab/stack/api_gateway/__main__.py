"""`python -m scalelab.stack.api_gateway`: the API gateway as a process."""

from scalelab.contracts.service_settings import GatewaySettings
from scalelab.stack.api_gateway.app import create_app
from scalelab.stack.api_gateway.direct_path.protocol import DirectPathProtocol
from scalelab.stack.service_kit.serving import run_service

if __name__ == "__main__":
    run_service(GatewaySettings, create_app, http_protocol=DirectPathProtocol)
