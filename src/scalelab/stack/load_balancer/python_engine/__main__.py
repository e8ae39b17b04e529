"""`python -m scalelab.stack.load_balancer.python_engine`: started by the load balancer service, never by hand."""

from scalelab.contracts.service_settings import BalancerSettings
from scalelab.stack.load_balancer.python_engine.app import create_app
from scalelab.stack.service_kit.serving import run_service

if __name__ == "__main__":
    run_service(BalancerSettings, create_app)
