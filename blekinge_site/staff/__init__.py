"""The staff's site: sign-in, accounts and logs of what staff do."""
