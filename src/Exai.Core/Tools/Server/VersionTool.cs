using Exai.Protocol;

namespace Exai.Core.Tools.Server;

/// <summary>Which program answers.</summary>
internal sealed class VersionTool(string epoch) : IRecomputedTool
{
    public ToolDescriptor Descriptor { get; } = ToolCatalogue.Find("version")!;

    public Task<string> AnswerAsync(ToolArguments arguments, CancellationToken cancellationToken) =>
        Task.FromResult($"EXAI {Product.Version}, daemon epoch {epoch}, .NET {Environment.Version}");
}
