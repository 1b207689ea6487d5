using Exai.Protocol;

namespace Exai.Files;

/// <summary>What the shim read for one call.</summary>
/// <param name="Files">For <c>_meta["exai/files"]</c>, in the order of the arguments; what could not be read among them.</param>
/// <param name="Blobs">The bytes behind them, each content once.</param>
internal sealed record CollectedFiles(IReadOnlyList<SentFile> Files, IReadOnlyList<BlobSource> Blobs);

/// <summary>Bytes that can be read again, so that they need not be kept in memory until a daemon takes them.</summary>
/// <param name="Open">A new stream from the start. It may have changed since it was hashed: the daemon compares.</param>
internal sealed record BlobSource(string Sha256, long Bytes, Func<Stream> Open);
