"""Networks that listen: phones, words, speakers, predicted opinion."""
