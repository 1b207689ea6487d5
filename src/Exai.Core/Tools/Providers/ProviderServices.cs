using Exai.Core.Models;
using Exai.Core.Tools.Files;
using Exai.Protocol;
using Microsoft.Extensions.AI;

namespace Exai.Core.Tools.Providers;

/// <summary>What a named provider offers beside chat, or why it cannot be had.</summary>
internal static class ProviderServices
{
    /// <exception cref="CallException">NO_PROVIDER: it is not configured, or offers no such thing.</exception>
    public static T Of<T>(ModelDirectory directory, string provider)
        where T : class =>
        directory.Provider(provider)?.Client.GetService<T>()
            ?? throw new CallException(ErrorCodes.NoProvider, $"The provider {provider} is not configured. Set {provider.ToUpperInvariant()}_API_KEY and restart the daemon.");

    /// <summary>For calls with a lasting effect: one whose daemon died may have had it, and is not done a second time.</summary>
    /// <exception cref="CallException">INTERRUPTED: an earlier run of the call began.</exception>
    public static void RefuseSecondRun(CallContext context)
    {
        if (context.Call.Runs > 1)
        {
            throw new CallException(
                ErrorCodes.Interrupted,
                $"The daemon died while it ran {context.Call.Tool}. The call may have had its effect and is not repeated. List the provider's files to see, then call again if need be.");
        }
    }

    /// <summary>The bytes that came with the call.</summary>
    /// <exception cref="CallException">FILE_DENIED, FILE_NOT_FOUND.</exception>
    public static async Task<IReadOnlyList<(AttachedFile File, ReadOnlyMemory<byte> Bytes)>> ReadAsync(
        CallContext context, IReadOnlyList<string> named, IFileContents contents, CancellationToken cancellationToken)
    {
        if (context.Call.Files.Count == 0)
        {
            throw ToolArguments.Invalid($"{string.Join(", ", named.Take(5))} cannot be uploaded: this client sent no files with the call. {FileGatherer.HowToSend}");
        }

        var read = new List<(AttachedFile, ReadOnlyMemory<byte>)>();
        foreach (var file in context.Call.Files)
        {
            var bytes = file.Sha256 is null ? null : await contents.FindAsync(file.Sha256, cancellationToken);
            read.Add((file, bytes ?? throw new CallException(file.ErrorCode ?? ErrorCodes.FileNotFound, $"{file.Path}: {file.Error ?? "its content did not arrive."} Nothing was uploaded.")));
        }

        return read;
    }
}
