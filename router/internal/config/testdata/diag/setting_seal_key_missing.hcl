seal_key = credential("seal")
