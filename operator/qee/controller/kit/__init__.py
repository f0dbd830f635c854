"""What every kind needs: a queue, workers, watches, passes, a status writer. No kind of ours in it."""
