using System.Text.Json;
using Exai.Protocol;

namespace Exai.Files;

/// <summary>Reads the files of one call, under a clock; whatever goes wrong is an error that its caller can be shown.</summary>
internal sealed class CallFileReader(IGitRunner git, TimeProvider time)
{
    /// <summary>Less than any client waits for a call.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    /// <param name="arguments">The call's, as JSON.</param>
    /// <exception cref="CallException">FILE_DENIED, or TIMEOUT.</exception>
    public async Task<CollectedFiles> ReadAsync(ReadOnlyMemory<byte> arguments, IReadOnlyList<AttachWish> wishes, FileGate gate, CancellationToken cancellationToken)
    {
        try
        {
            // A read that hangs cannot be cancelled: it is left to itself.
            return await CollectAsync(arguments, wishes, gate, cancellationToken).WaitAsync(Patience, time, cancellationToken);
        }
        catch (TimeoutException)
        {
            throw new CallException(
                ErrorCodes.Timeout,
                $"The files of this call could not be read within {Patience.TotalSeconds:0} s. Name fewer, or copy them to a faster disk. Nothing was sent.");
        }
        catch (Exception defect) when (defect is not (OperationCanceledException or CallException))
        {
            throw new CallException(ErrorCodes.InternalError, $"The files of this call could not be read: {defect.Message}", defect);
        }
    }

    private async Task<CollectedFiles> CollectAsync(ReadOnlyMemory<byte> arguments, IReadOnlyList<AttachWish> wishes, FileGate gate, CancellationToken cancellationToken)
    {
        using var document = JsonDocument.Parse(arguments, new JsonDocumentOptions { MaxDepth = int.MaxValue });
        return await new FileCollector(gate, new GitReader(git)).CollectAsync(document.RootElement, wishes, cancellationToken);
    }
}
