"""How good a matte is: SAD, MSE, Grad and Conn, over one image or a whole test set."""
