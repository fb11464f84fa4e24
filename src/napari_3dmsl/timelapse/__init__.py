"""How objects move: diffusion, bending, fission, fusion."""
