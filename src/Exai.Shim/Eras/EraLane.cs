using Exai.Shim.Link;

namespace Exai.Shim.Eras;

/// <summary>One era's relay with its own link: a daemon's connection serves one era. Until the relay gets a message, the link waits.</summary>
internal sealed record EraLane(ShimRelay Relay, LinkLoop Link);
