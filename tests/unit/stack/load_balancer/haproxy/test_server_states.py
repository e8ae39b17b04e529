"""HAProxy's statistics as states."""

from scalelab.stack.load_balancer.haproxy.server_states import ServerState, server_states

ANSWER = """# pxname,svname,qcur,qmax,scur,smax,slim,stot,bin,bout,dreq,dresp,ereq,econ,eresp,wretr,wredis,status
gateways,a,0,0,3,0,,0,0,0,,0,,0,0,0,0,UP
gateways,b,0,0,0,0,,0,0,0,,0,,0,0,0,0,UP 1/2
gateways,c,0,0,0,0,,0,0,0,,0,,0,0,0,0,DOWN 1/2
gateways,d,0,0,2,0,,0,0,0,,0,,0,0,0,0,DRAIN
gateways,e,0,0,,0,,0,0,0,,0,,0,0,0,0,MAINT
other,f,0,0,0,0,,0,0,0,,0,,0,0,0,0,UP

"""


def test_states():
    """A server that is going down still serves; one that is coming up does not yet."""
    assert server_states(ANSWER) == {
        "a": ServerState("up", 3),
        "b": ServerState("up", 0),
        "c": ServerState("down", 0),
        "d": ServerState("draining", 2),
        "e": ServerState("down", 0),
    }


def test_no_servers():
    """The head alone."""
    assert server_states(ANSWER.splitlines()[0] + "\n\n") == {}
