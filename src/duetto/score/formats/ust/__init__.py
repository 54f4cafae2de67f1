"""UST, the score format of UTAU and OpenUtau."""
