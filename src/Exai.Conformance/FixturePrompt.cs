using ModelContextProtocol.Protocol;
using ModelContextProtocol.Server;

namespace Exai.Conformance;

/// <summary>A prompt of which the suite knows the name, and what it says to the model.</summary>
/// <param name="arguments">Name and description; all are required.</param>
/// <param name="content">One message of the user each.</param>
internal sealed class FixturePrompt(
    string name, string description, (string Name, string Description)[] arguments, Func<GetPromptRequestParams, ContentBlock[]> content) : McpServerPrompt
{
    public override Prompt ProtocolPrompt { get; } = new()
    {
        Name = name,
        Description = description,
        Arguments = arguments.Length == 0 ? null : [.. arguments.Select(argument => new PromptArgument { Name = argument.Name, Description = argument.Description, Required = true })],
    };

    public override IReadOnlyList<object> Metadata => [];

    public override ValueTask<GetPromptResult> GetAsync(RequestContext<GetPromptRequestParams> request, CancellationToken cancellationToken = default) =>
        ValueTask.FromResult(new GetPromptResult
        {
            Messages = [.. content(request.Params).Select(block => new PromptMessage { Role = Role.User, Content = block })],
        });
}
