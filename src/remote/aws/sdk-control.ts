/** As `sdk.ts`, what only the commands need that make, change and look into a stack: builds load nothing of it. */
export {
  CloudFormationClient,
  CreateChangeSetCommand,
  DeleteChangeSetCommand,
  DeleteStackCommand,
  DescribeChangeSetCommand,
  DescribeEventsCommand,
  DescribeStackEventsCommand,
  DescribeStacksCommand,
  ExecuteChangeSetCommand,
} from '@aws-sdk/client-cloudformation';
export {GetCallerIdentityCommand, STSClient} from '@aws-sdk/client-sts';
