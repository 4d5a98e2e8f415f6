"""What a recording holds, measured from the file alone: streams, levels, beeps, flashes, frame counters, words."""
