from django.core.validators import URLValidator

web_address = URLValidator(["http", "https"], message="Give an address that begins with https://.")
