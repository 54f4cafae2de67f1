"""Results as pages and dashboards, to read and to listen to."""
