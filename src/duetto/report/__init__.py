"""What came out, to look at and to listen to: pages and dashboards."""
