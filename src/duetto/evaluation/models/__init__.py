"""Networks used by metrics: phones, words, speakers, predicted quality."""
