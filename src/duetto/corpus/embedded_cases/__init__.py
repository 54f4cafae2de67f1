"""Cases that embedded singers perform: their songs, rooms, bands and fragments."""
