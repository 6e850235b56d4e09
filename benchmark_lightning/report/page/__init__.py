"""The report as files: context, templates, HTML, and whether all of it still says what the records say."""
