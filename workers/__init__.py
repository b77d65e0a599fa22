"""Workers: processes that read and index what importers take in. The services do the work; here is what runs them."""
