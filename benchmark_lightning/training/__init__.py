"""How one model learns: data, models, the LightningModule, clocks and the command line."""
