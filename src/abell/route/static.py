from dataclasses import dataclass
@dataclass(frozen=True, slots=True)
class Route:
    destination: object
    runner: object
    why: tuple = ()
@dataclass(frozen=True, slots=True)
class Refusal:
    reason: str
    why: tuple = ()
class StaticRouter:
    def __init__(self, configuration): self.c = configuration
    def route(self, request):
        d = self.c.destinations.get(request.destination or self.c.default_destination)
        if d is None: return Refusal(f"there is no destination {request.destination}")
        return Route(d, self.c.runners[d.runner])
