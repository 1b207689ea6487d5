namespace Exai.Core.Tests.Tools;

/// <summary>Every tool and argument of the predecessor, with the argument's type, and the values that it took where they were fixed.</summary>
internal static class PredecessorTools
{
    public static readonly TheoryData<string, string> Arguments = new()
    {
        {
            "chat",
            """
            prompt string, files string[], images string[], model string, temperature number, thinking_mode string, use_websearch
            boolean, stream boolean, continuation_id string
            """
        },
        { "challenge", "prompt string" },
        {
            "kimi_chat_with_tools",
            "messages any, model string, tools object[], tool_choice any, temperature number, stream boolean, use_websearch boolean"
        },
        {
            "analyze",
            """
            step string, step_number integer, total_steps integer, next_step_required boolean, findings string, files_checked string[],
            relevant_files string[], relevant_context string[], issues_found object[], backtrack_from_step integer, use_assistant_model
            boolean, temperature number, thinking_mode string, use_websearch boolean, continuation_id string, images string[], model
            string, confidence string, analysis_type string, output_format string
            """
        },
        {
            "debug",
            """
            step string, step_number integer, total_steps integer, next_step_required boolean, findings string, files_checked string[],
            relevant_files string[], relevant_context string[], issues_found object[], confidence string, hypothesis string,
            backtrack_from_step integer, use_assistant_model boolean, temperature number, thinking_mode string, use_websearch boolean,
            continuation_id string, images string[], model string
            """
        },
        {
            "codereview",
            """
            step string, step_number integer, total_steps integer, next_step_required boolean, findings string, files_checked string[],
            relevant_files string[], relevant_context string[], issues_found object[], confidence string, hypothesis string,
            backtrack_from_step integer, use_assistant_model boolean, temperature number, thinking_mode string, use_websearch boolean,
            continuation_id string, images string[], model string, review_type string, focus_on string, standards string, severity_filter
            string
            """
        },
        {
            "refactor",
            """
            step string, step_number integer, total_steps integer, next_step_required boolean, findings string, files_checked string[],
            relevant_files string[], relevant_context string[], issues_found object[], confidence string, hypothesis string,
            backtrack_from_step integer, use_assistant_model boolean, temperature number, thinking_mode string, use_websearch boolean,
            continuation_id string, images string[], model string, refactor_type string, focus_areas string[], style_guide_examples
            string[]
            """
        },
        {
            "secaudit",
            """
            step string, step_number integer, total_steps integer, next_step_required boolean, findings string, files_checked string[],
            relevant_files string[], relevant_context string[], issues_found object[], confidence string, hypothesis string,
            backtrack_from_step integer, use_assistant_model boolean, temperature number, thinking_mode string, use_websearch boolean,
            continuation_id string, images string[], model string, security_scope string, threat_level string, compliance_requirements
            string[], audit_focus string, severity_filter string
            """
        },
        {
            "testgen",
            """
            step string, step_number integer, total_steps integer, next_step_required boolean, findings string, files_checked string[],
            relevant_files string[], relevant_context string[], issues_found object[], confidence string, hypothesis string,
            backtrack_from_step integer, use_assistant_model boolean, temperature number, thinking_mode string, use_websearch boolean,
            continuation_id string, images string[], model string
            """
        },
        {
            "thinkdeep",
            """
            step string, step_number integer, total_steps integer, next_step_required boolean, findings string, files_checked string[],
            relevant_files string[], relevant_context string[], issues_found object[], confidence string, hypothesis string,
            backtrack_from_step integer, use_assistant_model boolean, temperature number, thinking_mode string, use_websearch boolean,
            continuation_id string, images string[], model string, problem_context string, focus_areas string[]
            """
        },
        {
            "precommit",
            """
            step string, step_number integer, total_steps integer, next_step_required boolean, findings string, files_checked string[],
            relevant_files string[], relevant_context string[], issues_found object[], confidence string, hypothesis string,
            backtrack_from_step integer, use_assistant_model boolean, temperature number, thinking_mode string, use_websearch boolean,
            continuation_id string, images string[], model string, path string, compare_to string, include_staged boolean,
            include_unstaged boolean, focus_on string, severity_filter string
            """
        },
        {
            "planner",
            """
            step string, step_number integer, total_steps integer, next_step_required boolean, use_assistant_model boolean,
            continuation_id string, model string, is_step_revision boolean, revises_step_number integer, is_branch_point boolean,
            branch_from_step integer, branch_id string, more_steps_needed boolean
            """
        },
        {
            "tracer",
            """
            step string, step_number integer, total_steps integer, next_step_required boolean, findings string, files_checked string[],
            relevant_files string[], relevant_context string[], confidence string, use_assistant_model boolean, continuation_id string,
            images string[], model string, trace_mode string, target_description string
            """
        },
        {
            "docgen",
            """
            step string, step_number integer, total_steps integer, next_step_required boolean, findings string, relevant_files string[],
            relevant_context string[], issues_found object[], use_assistant_model boolean, continuation_id string, document_complexity
            boolean, document_flow boolean, update_existing boolean, comments_on_complex_logic boolean, num_files_documented integer,
            total_files_to_document integer
            """
        },
        {
            "consensus",
            """
            step string, step_number integer, total_steps integer, next_step_required boolean, relevant_files string[],
            use_assistant_model boolean, continuation_id string, images string[], model string, findings string, models object[],
            current_model_index integer, model_responses object[]
            """
        },
        { "version", "model string" },
        { "listmodels", "model string" },
        { "self-check", "log_lines integer" },
        { "status", "tail_lines integer, include_tools boolean, doctor boolean, probe boolean" },
        { "health", "tail_lines integer" },
        { "provider_capabilities", "include_tools boolean, show_advanced boolean, invalidate_cache boolean" },
        {
            "activity",
            """
            temperature number, thinking_mode string, use_websearch boolean, continuation_id string, images string[], files string[],
            model string, lines integer, filter string, source string, since string, until string, structured boolean
            """
        },
        { "toolcall_log_tail", "n integer, path string" },
        { "kimi_upload_files", "files string[], purpose string" },
        { "kimi_chat_with_files", "prompt string, file_ids string[], model string, temperature number" },
        { "kimi_manage_files", "operation string, file_id string, limit integer, dry_run boolean" },
        { "glm_upload_file", "file string, purpose string" },
        { "glm_multi_file_chat", "files string[], prompt string, model string, temperature number" },
        {
            "glm_web_search",
            """
            search_query string, count integer, search_engine string, search_domain_filter string, search_recency_filter string,
            request_id string, user_id string
            """
        },
        { "glm_payload_preview", "prompt string, model string, temperature number, system_prompt string, use_websearch boolean, tools object[], tool_choice any" },
        { "smart_file_query", "file_path string, question string, provider string, model string" },
    };

    public static readonly TheoryData<string, string, string> Values = new()
    {
        { "analyze", "analysis_type", "architecture performance security quality general comprehensive full all" },
        { "analyze", "output_format", "summary detailed actionable" },
        { "analyze", "confidence", "exploring low medium high very_high almost_certain certain" },
        { "refactor", "confidence", "exploring incomplete partial complete" },
        { "refactor", "refactor_type", "codesmells decompose modernize organization" },
        { "codereview", "review_type", "full security performance quick" },
        { "codereview", "severity_filter", "critical high medium low all" },
        { "secaudit", "threat_level", "low medium high critical" },
        { "secaudit", "audit_focus", "owasp compliance infrastructure dependencies comprehensive" },
        { "tracer", "trace_mode", "precision dependencies ask" },
        { "chat", "thinking_mode", "minimal low medium high max" },
    };
}
