"""The real things that tests run against: databases, clusters, mail servers, web servers."""
