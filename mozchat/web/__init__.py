"""HTTP only: parse a request, call one use case, write a response."""
