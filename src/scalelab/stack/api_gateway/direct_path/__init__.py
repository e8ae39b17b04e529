"""Plain reads by known clients, answered without Uvicorn's cycle and Starlette; all else goes the ordinary way."""
