"""MusicXML, what notation programs exchange."""
