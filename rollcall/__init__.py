"""What a Python user imports: the typed client and the contract's stubs in `rollcall.v1`."""
