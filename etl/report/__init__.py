"""The report: one typed model (`model`), filled from measures and insights (`build`), rendered three ways."""
