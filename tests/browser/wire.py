"""What goes between a page and its site while a clip is live."""


class Wire:
    """What came to a page by its websocket, and which live clips it has asked for beside that."""

    def __init__(self, page):
        self.page = page
        self.texts = 0
        self.pieces = 0
        self.asked = []
        page.on("websocket", lambda socket: socket.on("framereceived", self._received))
        page.on("request", lambda request: "/media?from=" in request.url and self.asked.append(request.url))

    def _received(self, frame):
        if isinstance(frame, str):
            self.texts += 1
        else:
            self.pieces += 1

    def wait_for(self, what, more):
        """Wait until there are so many more texts or pieces than now."""
        wanted = getattr(self, what) + more
        for _ in range(800):
            if getattr(self, what) >= wanted:
                return
            self.page.wait_for_timeout(50)
        raise AssertionError(f"{getattr(self, what)} {what} have come, not {wanted}")
