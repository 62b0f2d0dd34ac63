"""Growing the population: from texts to personas, from personas to personas."""
