using System.Text.Json;
using System.Text.Json.Nodes;
using Exai.Core.Models;
using Exai.Core.Providers;
using Exai.Core.Providers.Services;
using Exai.Protocol;
using Microsoft.Extensions.AI;

namespace Exai.Core.Tools.Providers;

/// <summary>The body of a GLM chat request, written by the same code that sends one. Nothing is sent, and no key is in it.</summary>
internal sealed class GlmPayloadPreviewTool(ModelDirectory directory) : IRecomputedTool
{
    private static readonly JsonSerializerOptions Indented = new(ToolResults.Json) { WriteIndented = true };

    public ToolDescriptor Descriptor { get; } = ToolCatalogue.Find("glm_payload_preview")!;

    public Task<string> AnswerAsync(ToolArguments arguments, CancellationToken cancellationToken)
    {
        var preview = ProviderServices.Of<RequestPreview>(directory, "glm");
        var glm = directory.Provider("glm")!;
        var model = arguments.Text("model") ?? glm.PreferredModels[0];
        var info = directory.Describe(glm, model);
        List<ChatMessage> messages = [new(ChatRole.User, arguments.RequiredText("prompt", int.MaxValue))];
        if (arguments.Text("system_prompt") is { } system)
        {
            messages.Insert(0, new ChatMessage(ChatRole.System, system));
        }

        var body = preview.Write(messages, new ChatOptions
        {
            ModelId = info?.Id ?? model,
            MaxOutputTokens = ThreadWindow.MaxOutput(glm.MaxOutputTokens, info),
            Temperature = (float?)arguments.OptionalNumber("temperature", 0, 2),
            AdditionalProperties = new() { [AttemptOptions.Key] = new AttemptOptions { WebSearch = arguments.OptionalBool("use_websearch") ?? false } },
        });
        var json = JsonNode.Parse(body)!.AsObject();
        foreach (var name in new[] { "tools", "tool_choice" })
        {
            if (arguments.Any(name) is { } given)
            {
                json[name] = JsonNode.Parse(given.GetRawText());
            }
        }

        return Task.FromResult(json.ToJsonString(Indented));
    }
}
