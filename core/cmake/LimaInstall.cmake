# cmake --install: filled in with the SDK.
